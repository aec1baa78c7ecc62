/** What stands in for content: nothing there, something went wrong, on its way. */
import { Button, Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { Problem } from "../../queries/api";
import { Icon } from "./Icon";
import { Logo } from "./Logo";
import classes from "./States.module.css";

export function EmptyState({
  title,
  hint,
  children,
}: {
  title: string;
  hint?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className={classes.state}>
      <Logo size={56} />
      <p className={classes.title}>{title}</p>
      {hint ? <p className={classes.hint}>{hint}</p> : null}
      {children}
    </div>
  );
}

export function ErrorState({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <div className={classes.state} role="alert">
      <span className={classes.warning}>
        <Icon name="warning" size={36} />
      </span>
      <p className={classes.title}>This could not be loaded</p>
      <p className={classes.hint}>{error.message}</p>
      {error instanceof Problem && !error.isPassing ? null : (
        <Button size="md" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function LoadingRows({ count, label }: { count: number; label: string }) {
  return (
    <div className={classes.rows} role="status" aria-label={label}>
      {Array.from({ length: count }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity of their own
        <div key={row} className={classes.row}>
          <Skeleton circle height={40} />
          <div className={classes.lines}>
            <Skeleton height={11} width={`${35 + ((row * 17) % 30)}%`} />
            <Skeleton height={11} width={`${60 + ((row * 23) % 35)}%`} />
          </div>
        </div>
      ))}
    </div>
  );
}
