/** Asks before something is done to letters. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Dialog } from "../ui/Dialog";
import classes from "./Letters.module.css";

interface Props {
  readonly title: string;
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export default function ConfirmDialog({ title, action, onConfirm, onClose, children }: Props) {
  return (
    <Dialog title={title} size="sm" onClose={onClose}>
      <p>{children}</p>
      <div className={classes.answers}>
        <Button size="md" variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          size="md"
          data-autofocus
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
