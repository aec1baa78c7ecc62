/** The query cache. Live events keep it fresh, so nothing is refetched by age. */
import { QueryClient } from "@tanstack/react-query";
import { Problem } from "./api";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && isPassing(error),
      retryDelay: (failures) => 400 * 2 ** failures,
    },
  },
});

function isPassing(error: Error): boolean {
  return !(error instanceof Problem) || error.isPassing;
}
