// What screens about a package say of a profile that has none, or that another program installed.
import { h } from "../host.js";
import { Card, Command, Empty, Go } from "./basic.jsx";

/** @param {{profile: string, row?: any, so: string}} props `so`: what follows for the screen. */
export function NoPackage({ profile, row, so }) {
  if (row?.package) {
    return (
      <Card><Empty title={`hermes-dist did not install ${profile}, so ${so}.`} icon="box">
        <p>It has the manifest of <span className="d-mono d-break">{row.package}</span>, and no lockfile. If somebody else wrote that package, this brings updates and keeps your edits:</p>
        <p><Command text={`hermes-dist adopt ${profile}`} /></p>
        <p>If it is yours: <Go to={{ profile, screen: "publish" }}>Publish it</Go></p>
      </Empty></Card>
    );
  }
  return <Card><Empty title={`${profile} has no package, so ${so}.`} icon="box"><Go to={{ profile, screen: "find" }}>Find a package</Go></Empty></Card>;
}
