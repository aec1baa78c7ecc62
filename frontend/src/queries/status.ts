/** The state of the installation. */
import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./api";

const REFRESH_MS = 5_000;

export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/status", { signal })),
    staleTime: 0,
    refetchInterval: REFRESH_MS,
  });
}
