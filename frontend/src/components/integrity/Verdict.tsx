/** The whole in a sentence, with its figures. */
import type { Integrity } from "../../queries/api";
import { formatCount, plural } from "../format";
import { Icon } from "../ui/Icon";
import { ClassBar } from "./ClassBar";
import { Counts } from "./Counts";
import { formatShare } from "./classes";
import classes from "./Integrity.module.css";

export function Verdict({ integrity }: { integrity: Integrity }) {
  const { totals, is_complete } = integrity;
  return (
    <section className={classes.card} aria-label="All chats">
      <p className={classes.verdict} data-tone={is_complete ? "good" : "owed"}>
        <Icon name={is_complete ? "shield" : "warning"} />
        <span>{sentence(integrity)}</span>
      </p>
      <p className={classes.between}>
        <span>{plural(totals.chats, "chat")}</span>
        <strong>{formatShare(totals.coverage)}</strong>
      </p>
      <ClassBar ids={totals.ids} />
      <Counts ids={totals.ids} />
      <Asides integrity={integrity} />
      {integrity.warnings.map((text) => (
        <p key={text} className={classes.warning} role="status">
          {text.replaceAll("`", "")}
        </p>
      ))}
    </section>
  );
}

function Asides({ integrity: { totals } }: { integrity: Integrity }) {
  const asides = [
    totals.rechecked > 0 &&
      `${formatCount(totals.rechecked)} of the open ids are here already; edits and deletions of them are looked for again.`,
    totals.suspects > 0 &&
      `${plural(totals.suspects, "id")} answered empty once and will be asked for a second time.`,
    totals.late_audits > 0 && `${plural(totals.late_audits, "audit")} missed the target.`,
  ];
  return asides.map((text) =>
    text ? (
      <p key={text} className={classes.note}>
        {text}
      </p>
    ) : null,
  );
}

function sentence({ is_complete, totals, losses }: Integrity): string {
  if (is_complete) {
    const lost = losses.length > 0 ? ` besides ${plural(losses.length, "known loss", "known losses")}` : "";
    return `Complete: every id is stored, deleted, empty or out of reach${lost}`;
  }
  const owed = [
    totals.hole_count > 0 && plural(totals.hole_count, "open hole"),
    (totals.ids.unaccounted ?? 0) > 0 && `${formatCount(totals.ids.unaccounted ?? 0)} ids in no class`,
  ];
  return `Not complete: ${owed.filter(Boolean).join(" and ")}`;
}
