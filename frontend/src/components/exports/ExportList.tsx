/** Exports, newest first: how far each is, its archive once it is done, and the ways to be rid of it. */
import { Button, Progress } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { Export } from "../../queries/api";
import { isOver, useCreateExport, useRemoveExport } from "../../queries/exports";
import { formatMoment, formatRecent, formatSize, plural } from "../format";
import { useRovingKeys } from "../useRovingKeys";
import classes from "./Exports.module.css";
import { chatsOf, labelOf, limitsOf, progressOf, shareOf } from "./facts";

const ConfirmDialog = lazy(() => import("../letters/ConfirmDialog"));

interface Props {
  readonly exports: readonly Export[];
  readonly titles: ReadonlyMap<number, string>;
}

export function ExportList({ exports, titles }: Props) {
  const onKeyDown = useRovingKeys("li[data-export]");
  return (
    <ol className={classes.list} aria-label="Exports" onKeyDown={onKeyDown}>
      {exports.map((found, index) => (
        <Entry key={found.export_id} found={found} titles={titles} isFirst={index === 0} />
      ))}
    </ol>
  );
}

function Entry({
  found,
  titles,
  isFirst,
}: {
  found: Export;
  titles: ReadonlyMap<number, string>;
  isFirst: boolean;
}) {
  const limits = limitsOf(found.request);
  return (
    <li
      className={classes.entry}
      data-export={found.export_id}
      data-state={found.state}
      data-skip-target={isFirst ? "" : undefined}
      // The keys j and k go from one to the next; what can be done with it follows with Tab.
      tabIndex={-1}
    >
      <p className={classes.head}>
        <bdi className={classes.what}>{chatsOf(found.request.chat_ids, titles)}</bdi>
        <time className={classes.time} dateTime={found.created_at} title={formatMoment(found.created_at)}>
          {formatRecent(found.created_at)}
        </time>
      </p>
      <p className={classes.note}>{[labelOf(found.request.format), ...limits].join(" · ")}</p>
      <State found={found} />
      <Actions found={found} />
    </li>
  );
}

function State({ found }: { found: Export }) {
  if (!isOver(found)) {
    const share = shareOf(found);
    return (
      <div className={classes.progress}>
        <p className={classes.note}>{progressOf(found)}</p>
        <Progress
          value={share === null ? 0 : share * 100}
          aria-label={`Progress of export ${found.export_id}`}
        />
      </div>
    );
  }
  if (found.state === "failed") return <p className={classes.problem}>{found.error}</p>;
  if (found.state === "cancelled") return <p className={classes.note}>Cancelled</p>;
  return (
    <p className={classes.done}>
      {plural(found.done, "message")} · {formatSize(found.bytes ?? 0)}
      {found.expires_at ? (
        <span className={classes.note}> · kept until {formatMoment(found.expires_at)}</span>
      ) : null}
    </p>
  );
}

function Actions({ found }: { found: Export }) {
  const [isAsking, setAsking] = useState(false);
  const remove = useRemoveExport();
  const again = useCreateExport();
  const problem = remove.error ?? again.error;
  const drop = () => remove.mutate(found.export_id);
  const canRepeat = found.state === "failed" || found.state === "cancelled";
  return (
    <div className={classes.actions}>
      {found.state === "done" ? (
        <Button component="a" size="md" href={`/api/exports/${found.export_id}/download`} download>
          Download
        </Button>
      ) : null}
      {canRepeat ? (
        <Button
          size="md"
          variant="default"
          loading={again.isPending}
          onClick={() => again.mutate(found.request)}
        >
          Ask again
        </Button>
      ) : null}
      <Button
        size="md"
        variant="default"
        loading={remove.isPending}
        onClick={() => (found.state === "done" ? setAsking(true) : drop())}
      >
        {isOver(found) ? "Delete" : "Cancel"}
      </Button>
      {problem ? (
        <p className={classes.problem} role="alert">
          {problem.message}
        </p>
      ) : null}
      {isAsking ? (
        <Suspense>
          <ConfirmDialog
            title={`Delete export ${found.export_id}?`}
            action="Delete"
            onClose={() => setAsking(false)}
            onConfirm={drop}
          >
            The file is deleted here; what was downloaded stays where it is. The messages themselves are not
            touched.
          </ConfirmDialog>
        </Suspense>
      ) : null}
    </div>
  );
}
