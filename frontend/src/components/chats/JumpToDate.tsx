/** Opens the chat at the first message of a day. */
import { ActionIcon } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { Scope } from "../../live/window";
import { Icon } from "../ui/Icon";

const DateDialog = lazy(() => import("./DateDialog"));

export function JumpToDate({ scope, className }: { scope: Scope; className: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <ActionIcon
        className={className}
        variant="transparent"
        size={44}
        aria-label="Jump to a date"
        aria-haspopup="dialog"
        title="Jump to a date"
        onClick={() => setOpen(true)}
      >
        <Icon name="calendar" />
      </ActionIcon>
      <Suspense>{isOpen ? <DateDialog scope={scope} onClose={() => setOpen(false)} /> : null}</Suspense>
    </>
  );
}
