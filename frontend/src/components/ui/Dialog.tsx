/** A dialog over the page. It is imported where it is first opened, not with the page. */
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  readonly title: string;
  readonly size?: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ title, size = "lg", onClose, children }: Props) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      closeButtonProps={{ "aria-label": "Close", size: 44 }}
      transitionProps={{ duration: 0 }}
    >
      {children}
    </Modal>
  );
}
