/** The open holes of a chat: the first of them at once, all of them on demand. */
import { Button } from "@mantine/core";
import { useState } from "react";
import type { ChatIntegrity } from "../../queries/api";
import { useHoles } from "../../queries/integrity";
import { formatCount } from "../format";
import { formatHole } from "./classes";
import classes from "./Integrity.module.css";

export function Holes({ chat }: { chat: ChatIntegrity }) {
  const [isAsked, setAsked] = useState(false);
  const { data, error, isFetching, hasNextPage, fetchNextPage } = useHoles(chat.chat_id, isAsked);
  if (chat.hole_count === 0) return null;
  const holes = data?.pages.flatMap((page) => page.holes) ?? chat.holes;
  const isMore = data ? hasNextPage : chat.hole_count > chat.holes.length;
  return (
    <section>
      <h3 className={classes.small}>Open holes</h3>
      <p className={classes.ranges}>
        {holes.map((hole) => (
          <span key={hole.first_id}>{formatHole(hole)}</span>
        ))}
      </p>
      {error ? (
        <p className={classes.warning} role="alert">
          {error.message}
        </p>
      ) : null}
      {isMore ? (
        <Button
          size="md"
          variant="default"
          loading={isFetching}
          onClick={() => (isAsked ? void fetchNextPage() : setAsked(true))}
        >
          Show more of {formatCount(chat.hole_count)}
        </Button>
      ) : null}
    </section>
  );
}
