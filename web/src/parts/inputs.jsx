// What a package asks its user: a field for each input, of its type, with the answer that counts so far.
import { h } from "../host.js";
import { Badge, Choice, Field } from "./basic.jsx";

const NUMBERS = ["integer", "number"];
const SWITCH = [["true", "Yes"], ["false", "No"]];

/**
 * The fields of a request that carry answers.
 * @param {Record<string, string>} given
 */
export const answersIn = (given) => {
  const told = Object.entries(given).filter(([, text]) => text !== "");
  return told.length ? { set: Object.fromEntries(told) } : {};
};

/** Inputs that somebody has to answer first. @param {any[]} asks */
export const unanswered = (asks) => asks.filter((one) => !one.answered);

/** @param {{asks: any[], given: Record<string, string>, onGiven: (given: Record<string, string>) => void}} props */
export function Inputs({ asks, given, onGiven }) {
  return (
    <fieldset className="d-asks">
      <legend className="d-label">What it asks you</legend>
      <div className="d-stack">
        {asks.map((one) => <Input key={one.name} one={one} text={given[one.name]} onText={(/** @type {string} */ text) => onGiven({ ...given, [one.name]: text })} />)}
      </div>
    </fieldset>
  );
}

/** @param {{one: any, text: string | undefined, onText: (text: string) => void}} props */
function Input({ one, text, onText }) {
  const id = `ask-${one.name}`;
  const before = one.value ?? one.default;
  const value = text ?? (before === null ? "" : String(before));
  const label = one.description || one.name;
  const choices = one.type === "boolean" ? SWITCH : one.choices.map((/** @type {any} */ each) => [String(each), String(each)]);
  const lacks = one.answered ? null : <Badge tone="warn">needs an answer</Badge>;
  if (choices.length) {
    const options = value ? choices : [["", "Choose…"], ...choices];
    return <div className="d-row d-wrap d-bottom"><Choice label={label} id={id} value={value} options={options} onValue={onText} /> {lacks}</div>;
  }
  const kind = one.secret ? "password" : NUMBERS.includes(one.type) ? "number" : "text";
  const hint = [one.rules, one.secret ? secretWords(one) : ""].filter(Boolean).join("; ");
  return (
    <div className="d-row d-wrap d-bottom">
      <Field label={label} id={id} type={kind} step={one.type === "number" ? "any" : undefined} value={one.secret ? text ?? "" : value} onValue={onText} hint={hint} width="wide" />
      {lacks}
    </div>
  );
}

/** @param {any} one */
const secretWords = (one) => (one.answered ? `${one.env} in .env is set; empty: it stays` : `it goes to ${one.env} in .env alone`);
