/** A chat's messages as a window that pages extend at both ends and live events fold into. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { caughtUp } from "../live/caughtUp";
import {
  folded,
  fromPage,
  isTouched,
  type Scope,
  trimmedHead,
  trimmedTail,
  type Window,
  withNewer,
  withOlder,
} from "../live/window";
import { api, type LiveEvent, type MessagePage, unwrap } from "./api";

export const PAGE_SIZE = 50;
const REFRESH_PAGE_SIZE = 200;
const REFRESH_PAGES = 10;
/** How many messages stay in memory around the reader. */
const KEPT = 1_200;

type TimelineKey = readonly ["timeline", number, number | null, number | null];
type Cursor = { before?: number; after?: number; around?: number; date?: string };

export function timelineKey({ chatId, topicId }: Scope, at: number | null): TimelineKey {
  return ["timeline", chatId, topicId, at];
}

/** The window of a chat or topic around a message, or at the live end without one. */
export function useTimeline(scope: Scope, at: number | null) {
  const client = useQueryClient();
  const key = timelineKey(scope, at);
  return useQuery({
    queryKey: key,
    // A window that nobody looks at is dropped: it opens afresh, at the newest message.
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const present = client.getQueryData<Window>(key);
      const cursor = at === null ? {} : { around: at };
      const [fresh, missed] = await caughtUp(async () =>
        present
          ? await refreshed(scope, present, signal)
          : fromPage(await fetchPage(scope, cursor, PAGE_SIZE, signal)),
      );
      return folded(fresh, missed, scope);
    },
  });
}

/** Functions that extend the window of a timeline at its ends. */
export function useExtend(scope: Scope, at: number | null) {
  const client = useQueryClient();
  const { chatId, topicId } = scope;
  const extend = useCallback(
    (end: "older" | "newer") => extended(client, { chatId, topicId }, at, end),
    [client, chatId, topicId, at],
  );
  const trim = useCallback(() => {
    const key = timelineKey({ chatId, topicId }, at);
    client.setQueryData<Window>(key, (window) => window && trimmedHead(window, KEPT));
  }, [client, chatId, topicId, at]);
  return { extend, trim };
}

async function extended(client: QueryClient, scope: Scope, at: number | null, end: "older" | "newer") {
  const key = timelineKey(scope, at);
  const window = client.getQueryData<Window>(key);
  const cursor = end === "older" ? window?.before : window?.after;
  if (cursor === null || cursor === undefined) return;
  const [page, missed] = await caughtUp(() =>
    fetchPage(scope, end === "older" ? { before: cursor } : { after: cursor }, PAGE_SIZE),
  );
  // The window is read again here: live events may have folded into it while the page was on its way.
  client.setQueryData<Window>(key, (present) => {
    if (!present || (end === "older" ? present.before : present.after) !== cursor) return present;
    const longer =
      end === "older"
        ? trimmedTail(withOlder(present, page), KEPT)
        : trimmedHead(withNewer(present, page), KEPT);
    return folded(longer, missed, scope);
  });
}

/** Fetches again what a window covers, and what has been added at its live end. */
async function refreshed(scope: Scope, window: Window, signal: AbortSignal): Promise<Window> {
  const first = window.messages[0]?.message_id;
  const last = window.messages.at(-1)?.message_id;
  if (first === undefined || last === undefined)
    return fromPage(await fetchPage(scope, {}, PAGE_SIZE, signal));
  let fresh: Window = { messages: [], before: window.before, after: first - 1, anchor: window.anchor };
  for (let pages = 0; pages < REFRESH_PAGES && fresh.after !== null; pages += 1) {
    fresh = withNewer(fresh, await fetchPage(scope, { after: fresh.after }, REFRESH_PAGE_SIZE, signal));
    const reached = fresh.messages.at(-1)?.message_id ?? 0;
    if (window.after !== null && reached >= last) break;
  }
  return fresh;
}

/** Finds the message that a day starts with; null when the chat has none after it. */
export async function messageAt(scope: Scope, date: string): Promise<number | null> {
  const page = await fetchPage(scope, { date }, 1);
  return page.anchor ?? null;
}

function fetchPage(scope: Scope, cursor: Cursor, limit: number, signal?: AbortSignal): Promise<MessagePage> {
  const query = { ...cursor, limit, ...(scope.topicId === null ? {} : { topic: scope.topicId }) };
  return unwrap(
    api.GET("/api/chats/{chat_id}/messages", { params: { path: { chat_id: scope.chatId }, query }, signal }),
  );
}

export function foldIntoTimelines(client: QueryClient, events: readonly LiveEvent[]): void {
  for (const query of client.getQueryCache().findAll({ queryKey: ["timeline"] })) {
    const [, chatId, topicId] = query.queryKey as TimelineKey;
    client.setQueryData<Window>(
      query.queryKey,
      (window) => window && folded(window, events, { chatId, topicId }),
    );
  }
}

/** Whether bulk history in these events changes what some open window of a chat shows. */
export function touchedChats(client: QueryClient, events: readonly LiveEvent[]): Set<number> {
  const touched = new Set<number>();
  for (const query of client.getQueryCache().findAll({ queryKey: ["timeline"] })) {
    const [, chatId] = query.queryKey as TimelineKey;
    const window = query.state.data as Window | undefined;
    for (const event of events) {
      if (event.type !== "range" || event.chat_id !== chatId || !window) continue;
      if (isTouched(window, event.first_id, event.last_id)) touched.add(chatId);
    }
  }
  return touched;
}
