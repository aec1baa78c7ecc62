import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Router } from "wouter";
import { chatsKey } from "../../queries/chats";
import { ChatList } from "./ChatList";

test("an empty archive says both ways to fill it", () => {
  const client = new QueryClient();
  client.setQueryData(chatsKey, []);
  const shown = renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <MantineProvider>
        <Router ssrPath="/">
          <ChatList />
        </Router>
      </MantineProvider>
    </QueryClientProvider>,
  );
  expect(shown).toMatch(/No chats yet.*an account has been read.*heliograph import/);
});
