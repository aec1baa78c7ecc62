/** Replays a letter, discards it, or takes that back; says what came of it. */
import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";
import type { DeadLetter } from "../../queries/api";
import { useDiscard, useReopen, useReplay } from "../../queries/deadLetters";
import { chatAddress } from "../address";
import classes from "./Letters.module.css";

const ConfirmDialog = lazy(() => import("./ConfirmDialog"));

export function LetterActions({ letter }: { letter: DeadLetter }) {
  const [isAsking, setAsking] = useState(false);
  const replay = useReplay();
  const discard = useDiscard();
  const reopen = useReopen();
  const { letter_id: letterId, resolution } = letter;
  const isBusy = replay.isPending || discard.isPending || reopen.isPending;
  const problem = replay.error ?? discard.error ?? reopen.error ?? null;
  const failed = replay.data?.letters.find(({ outcome }) => outcome === "open")?.reason ?? null;
  const begin = () => {
    for (const each of [replay, discard, reopen]) each.reset();
  };
  return (
    <>
      <div className={classes.actions}>
        {resolution === null ? (
          <>
            <Button
              size="md"
              loading={replay.isPending}
              disabled={isBusy}
              onClick={() => {
                begin();
                replay.mutate([letterId]);
              }}
            >
              Replay
            </Button>
            <Button size="md" variant="default" disabled={isBusy} onClick={() => setAsking(true)}>
              Discard
            </Button>
          </>
        ) : null}
        {resolution === "discarded" ? (
          <Button
            size="md"
            variant="default"
            loading={reopen.isPending}
            onClick={() => {
              begin();
              reopen.mutate(letterId);
            }}
          >
            {discard.isSuccess ? "Undo" : "Open it again"}
          </Button>
        ) : null}
      </div>
      <p className={classes.outcome} role="status">
        {outcome(letter, discard.isSuccess)}
        {resolution === "replayed" && letter.chat_id !== null && letter.message_id !== null ? (
          <>
            {" "}
            <Link href={chatAddress(letter.chat_id, { at: letter.message_id })}>Show the message</Link>
          </>
        ) : null}
      </p>
      {problem || failed ? (
        <p className={classes.problem} role="alert">
          {problem ? problem.message : `It failed again: ${failed}`}
        </p>
      ) : null}
      {isAsking ? (
        <Suspense>
          <ConfirmDialog
            title={`Discard letter ${letterId}?`}
            action="Discard"
            onClose={() => setAsking(false)}
            onConfirm={() => {
              begin();
              discard.mutate(letterId);
            }}
          >
            It stays here with its bytes and can be opened again, but it counts as closed and brings no row.
          </ConfirmDialog>
        </Suspense>
      ) : null}
    </>
  );
}

function outcome({ resolution }: DeadLetter, isFresh: boolean): string | null {
  if (resolution === "replayed") return "It was replayed, and what it held is stored.";
  if (resolution === "discarded")
    return isFresh ? "Discarded." : "It was discarded; its bytes are still here.";
  return null;
}
