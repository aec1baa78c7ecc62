/** Dead letters: what arrived and could not become a row, and what can be done about it. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type DeadLetterPage, Problem, type Replay, unwrap } from "./api";

const PAGE_SIZE = 50;
const REFRESH_MS = 5_000;
const POLL_MS = 300;

const lettersKey = ["dead-letters"] as const;
const KEYS = [lettersKey, ["status"]] as const;

export function useDeadLetters(isAll: boolean) {
  return useInfiniteQuery({
    queryKey: [...lettersKey, "list", isAll],
    initialPageParam: null as number | null,
    staleTime: 0,
    refetchInterval: REFRESH_MS,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/dead-letters", {
          params: { query: { all: isAll, limit: PAGE_SIZE, ...(pageParam && { before: pageParam }) } },
          signal,
        }),
      ),
    getNextPageParam: (page: DeadLetterPage) => page.before,
  });
}

export function useDeadLetter(letterId: number) {
  return useQuery({
    queryKey: [...lettersKey, letterId],
    staleTime: 0,
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/dead-letters/{letter_id}", { params: { path: { letter_id: letterId } }, signal })),
  });
}

/** Replays letters, or all that are open with null, and waits until the crawler has done so. */
export function useReplay() {
  return useMutation({ mutationFn: replay, onSettled: useRenewal() });
}

export function useDiscard() {
  return useMutation({
    mutationFn: (letterId: number) =>
      unwrap(api.POST("/api/dead-letters/discard", { body: { letter_ids: [letterId] } })),
    onSettled: useRenewal(),
  });
}

export function useReopen() {
  return useMutation({
    mutationFn: (letterId: number) =>
      unwrap(api.POST("/api/dead-letters/reopen", { body: { letter_ids: [letterId] } })),
    onSettled: useRenewal(),
  });
}

function useRenewal() {
  const client = useQueryClient();
  return () => Promise.all(KEYS.map((queryKey) => client.invalidateQueries({ queryKey })));
}

async function replay(letterIds: number[] | null): Promise<Replay> {
  let found = await unwrap(api.POST("/api/dead-letters/replay", { body: { letter_ids: letterIds } }));
  while (found.state === "queued" || found.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const path = { replay_id: found.replay_id };
    found = await unwrap(api.GET("/api/dead-letters/replays/{replay_id}", { params: { path } }));
  }
  if (found.state === "done") return found;
  throw new Problem(found.error ?? "The crawler did not get to it in time. Check that it is running.", 0);
}
