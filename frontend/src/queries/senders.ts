/** People and channels by a part of their name. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./api";

export function useSenders(words: string) {
  return useQuery({
    queryKey: ["senders", words],
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET("/api/senders", { params: { query: { q: words } }, signal }))).senders,
  });
}
