/** Opens the form that asks for an export, filled in with this chat. */
import { ActionIcon } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { Scope } from "../../live/window";
import { Icon } from "../ui/Icon";

const ExportDialog = lazy(() => import("../exports/ExportDialog"));

export function ExportChat({ scope, className }: { scope: Scope; className: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <ActionIcon
        className={className}
        variant="transparent"
        size={44}
        aria-label="Export this chat"
        aria-haspopup="dialog"
        title="Export this chat"
        onClick={() => setOpen(true)}
      >
        <Icon name="download" />
      </ActionIcon>
      <Suspense>
        {isOpen ? (
          <ExportDialog chats={[scope.chatId]} topicId={scope.topicId} onClose={() => setOpen(false)} />
        ) : null}
      </Suspense>
    </>
  );
}
