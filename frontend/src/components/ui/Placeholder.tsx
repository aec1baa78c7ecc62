/** A page without its content: a heading for those who cannot see it, and the way back. */
import type { ReactNode } from "react";
import { BackLink } from "./BackLink";

export function Placeholder({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <h1 className="visually-hidden">{title}</h1>
      <BackLink />
      {children}
    </>
  );
}
