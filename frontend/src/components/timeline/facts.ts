/** What the messages of a timeline need to know of their chat. */
export interface ChatFacts {
  readonly title: string;
  readonly isChannel: boolean;
  /** All of it was imported: the chat says so once, and its messages need not. */
  readonly isImport: boolean;
  /** The titles of a forum's topics; empty where one topic alone is read. */
  readonly topics: ReadonlyMap<number, string>;
}
