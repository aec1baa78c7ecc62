/** How often messages are looked at again, by their age: what is achieved beside what is wanted. */
import type { ChatIntegrity } from "../../queries/api";
import { formatCount } from "../format";
import classes from "./Integrity.module.css";
import { formatSpan } from "./span";

type Audit = ChatIntegrity["audits"][number];

const AGES: Readonly<Record<string, string>> = {
  day: "Last day",
  week: "Last week",
  month: "Last month",
  older: "Older",
};

export function Audits({ audits }: { audits: readonly Audit[] }) {
  if (audits.length === 0) return null;
  return (
    <section>
      <h3 className={classes.small}>Looked at again</h3>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Age</th>
            <th scope="col">Every</th>
            <th scope="col">Target</th>
            <th scope="col">Looked at</th>
            <th scope="col">Found</th>
          </tr>
        </thead>
        <tbody>
          {audits.map((audit) => (
            <tr key={audit.tier} data-late={audit.is_late || undefined}>
              <th scope="row">{AGES[audit.name] ?? audit.name}</th>
              <td>{period(audit)}</td>
              <td>{audit.target_seconds === null ? "–" : formatSpan(audit.target_seconds)}</td>
              <td>{formatCount(audit.checked)}</td>
              <td>{found(audit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function period({ period_seconds, is_late }: Audit): string {
  const text = period_seconds === null ? "first round" : formatSpan(period_seconds);
  return is_late ? `${text}, late` : text;
}

function found({ edits_found, deletions_found }: Audit): string {
  const total = edits_found + deletions_found;
  return total === 0
    ? "nothing"
    : `${formatCount(edits_found)} edited, ${formatCount(deletions_found)} deleted`;
}
