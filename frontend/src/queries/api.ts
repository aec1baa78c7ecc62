/** The one place that talks to the server: a client typed from openapi.json, and its errors as sentences. */
import createClient from "openapi-fetch";
import type { components, paths } from "../client/schema";

type Schemas = components["schemas"];
export type Chat = Schemas["Chat"];
export type ChatIntegrity = Schemas["ChatIntegrity"];
export type ChatList = Schemas["ChatList"];
export type DeadLetter = Schemas["DeadLetter"];
export type DeadLetterPage = Schemas["DeadLetterPage"];
export type Entity = Schemas["Entity"];
export type Export = Schemas["Export"];
export type ExportPage = Schemas["ExportPage"];
export type ExportRequest = Schemas["ExportRequest"];
export type Gap = Schemas["Gap"];
export type GapPage = Schemas["GapPage"];
export type HolePage = Schemas["HolePage"];
export type IdClasses = Schemas["IdClasses"];
export type Integrity = Schemas["Integrity"];
export type LastMessage = Schemas["LastMessage"];
/** All that the live stream says. */
export type LiveText = Schemas["LiveEvent"];
/** What has a place in the live stream: all but words about the stream itself. */
export type LiveEvent = Exclude<LiveText, { type: "delayed" | "on_time" }>;
export type Loss = Schemas["Loss"];
export type Message = Schemas["Message"];
export type MessagePage = Schemas["MessagePage"];
export type Progress = Schemas["Progress"];
export type Replay = Schemas["Replay"];
export type Reply = Schemas["Reply"];
export type Revision = Schemas["Revision"];
export type SearchHit = Schemas["SearchHit"];
export type SearchResult = Schemas["SearchResult"];
export type Sender = Schemas["Sender"];
export type Status = Schemas["Status"];
export type Topic = Schemas["Topic"];

/** A request that did not succeed. The message is a sentence for the reader; status is 0 when nothing answered. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }

  /** Whether asking again may help: nothing is wrong with the request itself. */
  get isPassing(): boolean {
    return this.status < 400 || this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  fetch: (request) => globalThis.fetch(request),
});

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Unwraps an answer, or throws a Problem that says what the server said. */
export async function unwrap<Data>(request: Promise<Answer<Data>>): Promise<Data> {
  const answer = await request.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem("Heliograph does not answer. Check that it is running.", 0);
  });
  if (answer.data === undefined) throw new Problem(sentence(answer.error), answer.response.status);
  return answer.data;
}

function sentence(error: unknown): string {
  const detail = (error as { detail?: unknown } | undefined)?.detail;
  return typeof detail === "string" && detail !== "" ? detail : "The server could not answer this request.";
}
