/** Exports: what was asked for, how far it is, and asking for more. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Export, type ExportPage, type ExportRequest, unwrap } from "./api";
import { startOfDay } from "./search";

const PAGE_SIZE = 30;
const WORKING_MS = 1_000;
const RESTING_MS = 10_000;

const exportsKey = ["exports"] as const;

/** What is chosen in the form. Dates are days as YYYY-MM-DD, both included; "" is no choice. */
export interface Choice {
  readonly format: ExportRequest["format"];
  readonly chats: readonly number[];
  readonly from: string;
  readonly to: string;
  readonly sender: number | null;
  readonly topic: number | null;
  readonly kind: string;
  readonly edited: "" | "only" | "without";
  readonly deleted: "" | "only" | "without";
  readonly words: string;
  readonly withRevisions: boolean;
  readonly withObservations: boolean;
  readonly withMedia: boolean;
  readonly withBom: boolean;
}

export function chosen(chats: readonly number[], topic: number | null): Choice {
  return {
    format: "jsonl",
    chats,
    from: "",
    to: "",
    sender: null,
    topic,
    kind: "",
    edited: "",
    deleted: "",
    words: "",
    withRevisions: false,
    withObservations: false,
    withMedia: true,
    withBom: false,
  };
}

/** Tables have room for every sample of counters; the other formats hold messages as they are now. */
export const holdsSamples = (format: Choice["format"]) => format !== "telegram" && format !== "html";

/** What the API is asked for. What was chosen for another format stays chosen, and is not asked for. A topic belongs to one chat, so with several it says nothing. */
export function toRequest(choice: Choice): ExportRequest {
  return {
    format: choice.format,
    chat_ids: choice.chats.length === 0 ? null : [...choice.chats],
    filter: {
      since: choice.from === "" ? null : startOfDay(choice.from),
      until: choice.to === "" ? null : startOfDay(choice.to, 1),
      sender_id: choice.sender,
      topic_id: choice.chats.length === 1 ? choice.topic : null,
      kind: choice.kind || null,
      is_edited: only(choice.edited),
      is_deleted: only(choice.deleted),
      words: choice.words.trim() || null,
    },
    with_revisions: choice.withRevisions,
    with_observations: choice.withObservations && holdsSamples(choice.format),
    with_media: choice.withMedia,
    with_bom: choice.withBom && choice.format === "csv",
  };
}

export const isReversed = ({ from, to }: Choice) => from !== "" && to !== "" && from > to;

export const isOver = ({ state }: Export) => state !== "queued" && state !== "running";

/** The exports, asked for each second while one is being made. */
export function useExports() {
  return useInfiniteQuery({
    queryKey: exportsKey,
    initialPageParam: null as number | null,
    staleTime: 0,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ exports }) => !exports.every(isOver)) ? WORKING_MS : RESTING_MS,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/exports", {
          params: { query: { limit: PAGE_SIZE, ...(pageParam && { before: pageParam }) } },
          signal,
        }),
      ),
    getNextPageParam: (page: ExportPage) => page.before,
  });
}

export function useCreateExport() {
  return useMutation({
    mutationFn: (request: ExportRequest) => unwrap(api.POST("/api/exports", { body: request })),
    onSettled: useRenewal(),
  });
}

/** Cancels an export that is not over, and removes one that is. */
export function useRemoveExport() {
  return useMutation({
    mutationFn: (exportId: number) =>
      unwrap(api.DELETE("/api/exports/{export_id}", { params: { path: { export_id: exportId } } })),
    onSettled: useRenewal(),
  });
}

function useRenewal() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: exportsKey });
}

function only(choice: Choice["edited"]): boolean | null {
  return choice === "" ? null : choice === "only";
}
