/** The digest over all rows, worked out by hand since it reads every message. */
import { Button } from "@mantine/core";
import type { useDigests } from "../../queries/integrity";
import { formatMoment } from "../format";
import classes from "./Integrity.module.css";

export function Digest({ digests }: { digests: ReturnType<typeof useDigests> }) {
  const { data, error, isFetching, refetch } = digests;
  return (
    <section className={classes.card} aria-label="Digest">
      <p>
        Two archives hold the same messages exactly when their digests are equal. Working it out reads every
        message.
      </p>
      {data?.digest ? (
        <p role="status">
          <span className={classes.digest}>{data.digest}</span>
          <span className={classes.note}>
            As of {formatMoment(data.checked_at)}; each chat has its own below.
          </span>
        </p>
      ) : null}
      {error ? (
        <p className={classes.warning} role="alert">
          {error.message}
        </p>
      ) : null}
      <Button size="md" variant="default" loading={isFetching} onClick={() => void refetch()}>
        {data ? "Work out the digest again" : "Work out the digest"}
      </Button>
    </section>
  );
}
