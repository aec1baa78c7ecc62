/** A page without its content: a heading for those who cannot see it, and the way back. */
import type { ReactNode } from "react";
import { useTitle } from "../useTitle";
import { BackLink } from "./BackLink";
import { EmptyState } from "./States";

export function Placeholder({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <h1 className="visually-hidden">{title}</h1>
      <BackLink />
      {children}
    </>
  );
}

/** Nothing is at this address, and asking again would not change that. */
export function NotFound({ what }: { what: "chat" | "page" }) {
  useTitle("Nothing here");
  return (
    <Placeholder title="Nothing here">
      <EmptyState title={`There is no such ${what} here`} hint="Choose a chat from the list." />
    </Placeholder>
  );
}
