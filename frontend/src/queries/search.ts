/** Full-text search. The URL's parameters are its only state. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, type SearchResult, unwrap } from "./api";

const PAGE_SIZE = 30;

export interface Search {
  readonly q: string;
  readonly chat: number | null;
  readonly sender: number | null;
  /** Days, as YYYY-MM-DD, both included. */
  readonly from: string | null;
  readonly to: string | null;
  readonly kind: string | null;
}

export function readSearch(parameters: URLSearchParams): Search {
  return {
    q: parameters.get("q") ?? "",
    chat: number(parameters.get("chat")),
    sender: number(parameters.get("sender")),
    from: parameters.get("from"),
    to: parameters.get("to"),
    kind: parameters.get("kind"),
  };
}

/** The address of a search, without what is not set. */
export function searchAddress(search: Partial<Search>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "/search" : `/search?${text}`;
}

/** Whether the last day is before the first, so that no message can be between them. */
export function isReversed({ from, to }: Search): boolean {
  return Boolean(from && to && from > to);
}

/** Whether there is anything to look for: words, or a sender or kind to list. */
export function isAsked(search: Search): boolean {
  return search.q.trim() !== "";
}

export function useSearch(search: Search) {
  return useInfiniteQuery({
    queryKey: ["search", search],
    enabled: isAsked(search) && !isReversed(search),
    initialPageParam: 0,
    staleTime: 30_000,
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/search", { params: { query: asQuery(search, pageParam) }, signal })),
    getNextPageParam: (page: SearchResult, pages) => {
      const shown = pages.reduce((sum, { hits }) => sum + hits.length, 0);
      return page.hits.length > 0 && shown < page.total ? shown : null;
    },
  });
}

function asQuery(search: Search, offset: number) {
  return {
    q: search.q.trim(),
    limit: PAGE_SIZE,
    offset,
    ...(search.chat !== null && { chat: search.chat }),
    ...(search.sender !== null && { sender: search.sender }),
    ...(search.kind !== null && { kind: search.kind }),
    ...(search.from !== null && { from: startOfDay(search.from, 0) }),
    ...(search.to !== null && { to: startOfDay(search.to, 1) }),
  };
}

/** The moment a day begins where the reader is, in UTC, `later` days further on. */
export function startOfDay(day: string, later = 0): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

function number(text: string | null): number | null {
  const value = Number(text);
  return text === null || text === "" || !Number.isSafeInteger(value) ? null : value;
}
