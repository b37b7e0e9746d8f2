// What screens about a package say of a profile that has none.
import { h } from "../host.js";
import { Card, Empty, Go } from "./basic.jsx";

/** @param {{profile: string, so: string}} props */
export function NoPackage({ profile, so }) {
  return <Card><Empty title={`${profile} has no package, so ${so}.`} icon="box"><Go to={{ profile, screen: "find" }}>Find a package</Go></Empty></Card>;
}
