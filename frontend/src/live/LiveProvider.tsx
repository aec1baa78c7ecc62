/** Holds the page's one live connection: hands its events to the queries and its state to whoever shows it. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";
import type { LiveEvent } from "../queries/api";
import { chatKey, chatsKey, foldIntoChats } from "../queries/chats";
import { foldIntoTimelines, touchedChats } from "../queries/timeline";
import { Connection, type ConnectionState, type Socket } from "./connection";
import { journal } from "./journal";
import { throttled } from "./throttled";

type Listener = (events: readonly LiveEvent[]) => void;

interface Live {
  readonly state: ConnectionState;
  readonly retry: () => void;
  readonly listen: (listener: Listener) => () => void;
}

const LiveContext = createContext<Live>({
  state: { name: "connecting" },
  retry: () => {},
  listen: () => () => {},
});

/** Bulk events arrive by the hundred during a backfill; what they touch is refetched at most this often. */
const REFETCH_MS = 1_500;

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<ConnectionState>({ name: "connecting" });
  const listeners = useRef(new Set<Listener>());
  const connection = useRef<Connection | null>(null);

  useEffect(() => {
    const refetch = throttled(REFETCH_MS, (keys: readonly (readonly unknown[])[]) => {
      for (const queryKey of keys) void client.invalidateQueries({ queryKey });
    });
    const current = new Connection({
      url: liveAddress(),
      open: (url) => new WebSocket(url) as Socket,
      onState: setState,
      onResync: () => {
        journal.restart();
        void client.invalidateQueries();
      },
      onEvents: (events) => {
        takeIn(client, events, refetch.call);
        for (const listener of listeners.current) listener(events);
      },
    });
    connection.current = current;
    current.start();
    const retryNow = () => current.start();
    window.addEventListener("online", retryNow);
    return () => {
      window.removeEventListener("online", retryNow);
      refetch.cancel();
      current.stop();
    };
  }, [client]);

  const retry = useCallback(() => connection.current?.start(), []);
  const listen = useCallback((listener: Listener) => {
    listeners.current.add(listener);
    return () => void listeners.current.delete(listener);
  }, []);
  return <LiveContext value={{ state, retry, listen }}>{children}</LiveContext>;
}

export function useLive(): Live {
  return useContext(LiveContext);
}

/** Calls a listener with the live events while the component is mounted. */
export function useLiveEvents(listener: Listener): void {
  const { listen } = useLive();
  useEffect(() => listen(listener), [listen, listener]);
}

type Refetch = (keys: readonly (readonly unknown[])[]) => void;

function takeIn(client: QueryClient, events: readonly LiveEvent[], refetch: Refetch): void {
  journal.append(events);
  const touched = touchedChats(client, events);
  foldIntoTimelines(client, events);
  foldIntoChats(client, events);
  const keys: (readonly unknown[])[] = [...touched].map((chatId) => ["timeline", chatId]);
  if (isListStale(client, events)) keys.push(chatsKey);
  for (const event of events) if (event.type === "chat") keys.push(chatKey(event.chat_id));
  if (keys.length > 0) refetch(keys);
}

function isListStale(client: QueryClient, events: readonly LiveEvent[]): boolean {
  const chats = client.getQueryData<readonly { chat_id: number }[]>(chatsKey) ?? [];
  const known = new Set(chats.map(({ chat_id }) => chat_id));
  return events.some((event) => event.type !== "message" || !known.has(event.message.chat_id));
}

function liveAddress(): string {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${window.location.host}/api/live`;
}
