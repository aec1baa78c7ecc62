/** The kinds of chats in words and pictures. */
import type { Chat } from "../../queries/api";
import type { IconName } from "../ui/Icon";

export const KINDS: Record<Chat["kind"], { label: string; icon: IconName; members: [string, string] }> = {
  channel: { label: "Channel", icon: "horn", members: ["subscriber", "subscribers"] },
  supergroup: { label: "Group", icon: "people", members: ["member", "members"] },
  forum: { label: "Forum", icon: "hash", members: ["member", "members"] },
  group: { label: "Basic group", icon: "people", members: ["member", "members"] },
  private: { label: "Private chat", icon: "person", members: ["member", "members"] },
};
