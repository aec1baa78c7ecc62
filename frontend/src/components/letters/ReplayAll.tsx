/** Replays everything that is open, once that is confirmed, and says how it went. */
import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { Replay } from "../../queries/api";
import { useReplay } from "../../queries/deadLetters";
import { plural } from "../format";
import classes from "./Letters.module.css";

const ConfirmDialog = lazy(() => import("./ConfirmDialog"));

export function ReplayAll({ count }: { count: number }) {
  const [isAsking, setAsking] = useState(false);
  const replay = useReplay();
  return (
    <>
      {count > 0 ? (
        <Button size="md" loading={replay.isPending} onClick={() => setAsking(true)}>
          Replay all
        </Button>
      ) : null}
      {isAsking ? (
        <Suspense>
          <ConfirmDialog
            title="Replay all open letters?"
            action="Replay all"
            onClose={() => setAsking(false)}
            onConfirm={() => replay.mutate(null)}
          >
            Each is read again with the present version. What becomes a row is stored where it belongs; what
            fails again stays open.
          </ConfirmDialog>
        </Suspense>
      ) : null}
      <p className={classes.outcome} role="status">
        {replay.data ? summary(replay.data) : null}
      </p>
      {replay.error ? (
        <p className={classes.problem} role="alert">
          {replay.error.message}
        </p>
      ) : null}
    </>
  );
}

function summary({ letters }: Replay): string {
  const done = letters.filter(({ outcome }) => outcome === "replayed").length;
  const open = letters.filter(({ outcome }) => outcome === "open").length;
  const failed = open > 0 ? `; ${formatFailed(open)}` : "";
  return `${plural(done, "letter")} became ${done === 1 ? "a row" : "rows"}${failed}.`;
}

function formatFailed(count: number): string {
  return count === 1 ? "1 failed again and stays open" : `${count} failed again and stay open`;
}
