/** What was not followed as it happened. The URL's parameters are the filter. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, type GapPage, unwrap } from "./api";
import { startOfDay } from "./search";

const PAGE_SIZE = 25;
const REFRESH_MS = 10_000;

export interface GapFilter {
  readonly chat: number | null;
  readonly isOpen: boolean;
  /** A day, as YYYY-MM-DD. */
  readonly since: string | null;
}

export function readGapFilter(parameters: URLSearchParams): GapFilter {
  const chat = Number(parameters.get("chat") || Number.NaN);
  return {
    chat: Number.isSafeInteger(chat) ? chat : null,
    isOpen: parameters.get("open") === "1",
    since: /^\d{4}-\d{2}-\d{2}$/.test(parameters.get("since") ?? "") ? parameters.get("since") : null,
  };
}

/** The URL's parameters for a filter, without what is not set. */
export function gapParameters({ chat, isOpen, since }: GapFilter): Record<string, string> {
  return {
    ...(chat !== null && { chat: String(chat) }),
    ...(isOpen && { open: "1" }),
    ...(since && { since }),
  };
}

export function isFiltered({ chat, isOpen, since }: GapFilter): boolean {
  return chat !== null || isOpen || since !== null;
}

export function useGaps(filter: GapFilter) {
  return useInfiniteQuery({
    queryKey: ["gaps", filter],
    staleTime: 0,
    refetchInterval: REFRESH_MS,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/gaps", { params: { query: asQuery(filter, pageParam) }, signal })),
    getNextPageParam: (page: GapPage) => page.after,
  });
}

function asQuery({ chat, isOpen, since }: GapFilter, after: string | null) {
  return {
    limit: PAGE_SIZE,
    ...(chat !== null && { chat }),
    ...(isOpen && { open: true }),
    ...(since !== null && { since: startOfDay(since) }),
    ...(after !== null && { after }),
  };
}
