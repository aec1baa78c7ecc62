/** Asks for a day and goes to the first message from then on. */
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import type { Scope } from "../../live/window";
import { startOfDay } from "../../queries/search";
import { messageAt } from "../../queries/timeline";
import { chatAddress } from "../address";
import { Dialog } from "../ui/Dialog";
import classes from "./ChatHeader.module.css";

export default function DateDialog({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  const [day, setDay] = useState("");
  const [, navigate] = useLocation();
  const jump = useMutation({
    mutationFn: () => messageAt(scope, startOfDay(day)),
    onSuccess: (at) => {
      onClose();
      navigate(chatAddress(scope.chatId, { topicId: scope.topicId, at }));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (day !== "") jump.mutate();
  };
  return (
    <Dialog title="Jump to a date" size="sm" onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          className={classes.day}
          type="date"
          size="md"
          label="Day"
          data-autofocus
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={jump.isPending}>
          Jump
        </Button>
      </form>
      {jump.error ? (
        <p className={classes.problem} role="alert">
          {jump.error.message}
        </p>
      ) : null}
    </Dialog>
  );
}
