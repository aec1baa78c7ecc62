/** How complete the archive is. It is counted anew from the rows, so that asking takes time in a large one. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, type HolePage, type Integrity, unwrap } from "./api";

const REFRESH_MS = 10_000;
/** At most this part of the server's time goes into refreshing. */
const SHARE = 1 / 20;
const HOLES_SHOWN = 100;

let tookMs = 0;

async function fetchIntegrity(signal: AbortSignal): Promise<Integrity> {
  const begun = performance.now();
  const found = await unwrap(api.GET("/api/integrity", { signal }));
  tookMs = performance.now() - begun;
  return found;
}

export function useIntegrity() {
  return useQuery({
    queryKey: ["integrity"],
    queryFn: ({ signal }) => fetchIntegrity(signal),
    staleTime: 0,
    refetchInterval: () => Math.max(REFRESH_MS, tookMs / SHARE),
  });
}

/** The same with digests, which reads every message: asked for by hand. */
export function useDigests() {
  return useQuery({
    queryKey: ["digests"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/integrity", { params: { query: { digest: true } }, signal })),
    enabled: false,
    gcTime: 0,
    retry: false,
  });
}

/** All open holes of a chat, page by page; `first` are those that came with the chat. */
export function useHoles(chatId: number, isAsked: boolean) {
  return useInfiniteQuery({
    queryKey: ["integrity", "holes", chatId],
    enabled: isAsked,
    staleTime: 0,
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/integrity/{chat_id}/holes", {
          params: { path: { chat_id: chatId }, query: { after: pageParam, limit: HOLES_SHOWN } },
          signal,
        }),
      ),
    getNextPageParam: (page: HolePage) => page.after,
  });
}
