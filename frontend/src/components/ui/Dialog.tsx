/** A dialog over the page. It is imported where it is first opened, not with the page. */
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import { Modal } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { isFocusNowhere } from "../useShortcuts";

interface Props {
  readonly title: string;
  readonly size?: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ title, size = "lg", onClose, children }: Props) {
  useFocusReturn();
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

/** Gives the focus back to what opened the dialog. Mantine does so on closing, but here the dialog is unmounted. */
function useFocusReturn(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (opener instanceof HTMLElement && isFocusNowhere()) opener.focus({ preventScroll: true });
    },
    [opener],
  );
}
