// Generated from openapi.json by `npm run client`. Do not edit.

export interface paths {
    "/api/chats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Chats
         * @description Return all mirrored chats, newest message first.
         */
        get: operations["list_chats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Chat
         * @description Return one chat with its topics.
         */
        get: operations["get_chat"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Messages
         * @description Return a page of a chat; without a cursor, the newest.
         */
        get: operations["list_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages/{chat_id}/{message_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Message
         * @description Return one message.
         */
        get: operations["get_message"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages/{chat_id}/{message_id}/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Revisions
         * @description Return all texts of a message, oldest first, the present one last.
         */
        get: operations["list_revisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search Messages
         * @description Return hits, best first, among the newest matches.
         */
        get: operations["search_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Status
         * @description Return the state of the whole installation.
         */
        get: operations["get_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Live
         * @description Say that the process answers.
         */
        get: operations["get_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Ready
         * @description Say that the database answers with the schema of this program; 503 otherwise.
         */
        get: operations["get_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Metrics
         * @description Return all roles' metrics in Prometheus's text format.
         */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AccountStatus
         * @description An account that mirrors.
         */
        AccountStatus: {
            /** Account Id */
            account_id: number;
            /** Chats */
            chats: number;
            /**
             * Frozen
             * @default {}
             */
            frozen: {
                [key: string]: string;
            };
            /** Label */
            label: string;
            /** State */
            state: string;
            /** User Id */
            user_id: number;
        };
        /**
         * Chat
         * @description A mirrored chat.
         */
        Chat: {
            /** Chat Id */
            chat_id: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "channel" | "supergroup" | "forum" | "group" | "private";
            /** Last Error */
            last_error: string | null;
            last_message: components["schemas"]["LastMessage"] | null;
            /** Member Count */
            member_count: number | null;
            /** Message Count */
            message_count: number;
            progress: components["schemas"]["Progress"] | null;
            /**
             * Status
             * @enum {string}
             */
            status: "active" | "inactive" | "error" | "initializing";
            /** Title */
            title: string;
            /**
             * Topics
             * @default []
             */
            topics: components["schemas"]["Topic"][];
            /** Username */
            username: string | null;
        };
        /**
         * ChatList
         * @description All chats, newest message first.
         */
        ChatList: {
            /** Chats */
            chats: components["schemas"]["Chat"][];
        };
        /**
         * Entity
         * @description A marked stretch of text.
         */
        Entity: {
            /**
             * Argument
             * @default null
             */
            argument: string | number | null;
            /** Length */
            length: number;
            /** Offset */
            offset: number;
            /** Type */
            type: string;
        };
        /**
         * LastMessage
         * @description The newest message of a chat, in a line.
         */
        LastMessage: {
            /**
             * Date
             * Format: date-time
             */
            date: string;
            /** Is Deleted */
            is_deleted: boolean;
            /** Media Kind */
            media_kind: string | null;
            /** Message Id */
            message_id: number;
            /** Sender Name */
            sender_name: string | null;
            /** Service Type */
            service_type: string | null;
            /** Text */
            text: string;
        };
        /**
         * LiveChat
         * @description A chat appeared or its title, status or progress changed; refetch it.
         */
        LiveChat: {
            /** Chat Id */
            chat_id: number;
            /** Position */
            position: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "chat";
        };
        LiveEvent: components["schemas"]["LiveHello"] | components["schemas"]["LiveMessage"] | components["schemas"]["LiveRange"] | components["schemas"]["LiveChat"] | components["schemas"]["LiveResync"];
        /**
         * LiveHello
         * @description First on every connection.
         */
        LiveHello: {
            /** Position */
            position: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "hello";
        };
        /**
         * LiveMessage
         * @description A message is new, was edited or was deleted: the newest stored form. ``change`` says what happened.
         */
        LiveMessage: {
            /**
             * Change
             * @enum {string}
             */
            change: "new" | "edit" | "delete" | "observation";
            message: components["schemas"]["Message"];
            /** Position */
            position: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "message";
        };
        /**
         * LiveRange
         * @description History of a chat was added in bulk; refetch what is shown of it.
         */
        LiveRange: {
            /** Chat Id */
            chat_id: number;
            /** Count */
            count: number;
            /** First Id */
            first_id: number;
            /** Last Id */
            last_id: number;
            /** Position */
            position: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "range";
        };
        /**
         * LiveResync
         * @description The position asked for is of another epoch or no longer kept: refetch everything, then go on from here.
         */
        LiveResync: {
            /** Position */
            position: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "resync";
        };
        /**
         * Message
         * @description One message in its newest stored form.
         */
        Message: {
            /**
             * Album Id
             * @default null
             */
            album_id: string | null;
            /**
             * Author Signature
             * @default null
             */
            author_signature: string | null;
            /** Chat Id */
            chat_id: number;
            /**
             * Date
             * Format: date-time
             */
            date: string;
            /**
             * Deleted At
             * @default null
             */
            deleted_at: string | null;
            /**
             * Edited At
             * @default null
             */
            edited_at: string | null;
            /**
             * Entities
             * @default []
             */
            entities: components["schemas"]["Entity"][];
            /**
             * Forward
             * @default null
             */
            forward: {
                [key: string]: unknown;
            } | null;
            /**
             * Forwards
             * @default null
             */
            forwards: number | null;
            /**
             * Media
             * @default null
             */
            media: {
                [key: string]: unknown;
            } | null;
            /** Message Id */
            message_id: number;
            /**
             * Reactions
             * @default []
             */
            reactions: components["schemas"]["Reaction"][];
            /**
             * Replies
             * @default null
             */
            replies: number | null;
            /** @default null */
            reply_to: components["schemas"]["Reply"] | null;
            /**
             * Revision Count
             * @default 0
             */
            revision_count: number;
            sender: components["schemas"]["Sender"] | null;
            /**
             * Service
             * @default null
             */
            service: {
                [key: string]: unknown;
            } | null;
            /** Text */
            text: string;
            /**
             * Topic Id
             * @default null
             */
            topic_id: number | null;
            /**
             * Views
             * @default null
             */
            views: number | null;
        };
        /**
         * MessagePage
         * @description Messages oldest first, with the ids to go on from.
         */
        MessagePage: {
            /** After */
            after: number | null;
            /** Anchor */
            anchor?: number | null;
            /** Before */
            before: number | null;
            /** Messages */
            messages: components["schemas"]["Message"][];
        };
        /**
         * Problem
         * @description An error, as RFC 9457 problem details (application/problem+json).
         */
        Problem: {
            /** Detail */
            detail: string;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /**
             * Type
             * @default about:blank
             */
            type: string;
        };
        /**
         * Progress
         * @description Backfill of a chat, in messages.
         */
        Progress: {
            /** Done */
            done: number;
            /** Is Complete */
            is_complete: boolean;
            /** Total */
            total: number;
        };
        /**
         * Reaction
         * @description How often one reaction was chosen.
         */
        Reaction: {
            /** Count */
            count: number;
            /**
             * Custom Emoji Id
             * @default null
             */
            custom_emoji_id: string | null;
            /**
             * Emoji
             * @default null
             */
            emoji: string | null;
        };
        /**
         * Reply
         * @description What a message answers.
         */
        Reply: {
            /**
             * Chat Id
             * @default null
             */
            chat_id: number | null;
            /** Message Id */
            message_id: number;
            /** @default null */
            preview: components["schemas"]["ReplyPreview"] | null;
            /**
             * Quote
             * @default null
             */
            quote: string | null;
        };
        /**
         * ReplyPreview
         * @description The message that is replied to, when it is stored.
         */
        ReplyPreview: {
            /** Is Deleted */
            is_deleted: boolean;
            /** Sender Name */
            sender_name: string | null;
            /** Text */
            text: string;
        };
        /**
         * Revision
         * @description An earlier or present text of a message.
         */
        Revision: {
            /** Edited At */
            edited_at: string | null;
            /** Entities */
            entities: components["schemas"]["Entity"][];
            /**
             * Stored At
             * Format: date-time
             */
            stored_at: string;
            /** Text */
            text: string;
        };
        /**
         * RevisionList
         * @description All texts of a message, oldest first, the present one last.
         */
        RevisionList: {
            /** Revisions */
            revisions: components["schemas"]["Revision"][];
        };
        /**
         * SearchHit
         * @description A found message. ``snippet`` marks hits with U+E000 before and U+E001 after.
         */
        SearchHit: {
            /** Chat Title */
            chat_title: string;
            message: components["schemas"]["Message"];
            /** Rank */
            rank: number;
            /** Snippet */
            snippet: string;
        };
        /**
         * SearchResult
         * @description Ranked hits.
         */
        SearchResult: {
            /** Hits */
            hits: components["schemas"]["SearchHit"][];
            /** Is Truncated */
            is_truncated: boolean;
            /** Ranked Newest */
            ranked_newest: number;
            /** Total */
            total: number;
        };
        /**
         * Sender
         * @description Who wrote a message: a user, or a channel or group that posts as itself.
         */
        Sender: {
            /** Id */
            id: number;
            /**
             * Is Bot
             * @default false
             */
            is_bot: boolean;
            /**
             * Is Deleted
             * @default false
             */
            is_deleted: boolean;
            /**
             * Kind
             * @enum {string}
             */
            kind: "user" | "chat" | "channel";
            /** Name */
            name: string;
            /**
             * Username
             * @default null
             */
            username: string | null;
        };
        /**
         * Status
         * @description The state of the whole installation.
         */
        Status: {
            /** Accounts */
            accounts: components["schemas"]["AccountStatus"][];
            backfill: components["schemas"]["Progress"];
            /** Chats */
            chats: number;
            /**
             * Crawler
             * @enum {string}
             */
            crawler: "running" | "stopped";
            /** Crawler Seen At */
            crawler_seen_at: string | null;
            /** Dead Letters */
            dead_letters: number;
            /** Dirty Boxes */
            dirty_boxes: number;
            /** Known Losses */
            known_losses: number;
            /** Messages */
            messages: number;
            /** Open Holes */
            open_holes: number;
            /** Position */
            position: string;
            /** Revisions */
            revisions: number;
            /** Tombstones */
            tombstones: number;
            /** Version */
            version: string;
        };
        /**
         * Topic
         * @description A forum topic.
         */
        Topic: {
            /** Icon Color */
            icon_color: number | null;
            /** Is Closed */
            is_closed: boolean;
            /** Title */
            title: string;
            /** Topic Id */
            topic_id: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_chats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatList"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_chat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                chat_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chat"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_messages: {
        parameters: {
            query?: {
                /** @description The page of ids above this one. */
                after?: number | null;
                /** @description A page with this message in its middle. */
                around?: number | null;
                /** @description The page of ids below this one. */
                before?: number | null;
                /** @description A page around the first message not before. */
                date?: string | null;
                limit?: number;
                /** @description Only this topic. */
                topic?: number | null;
            };
            header?: never;
            path: {
                chat_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagePage"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                chat_id: number;
                message_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_revisions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                chat_id: number;
                message_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevisionList"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    search_messages: {
        parameters: {
            query: {
                chat?: number | null;
                /** @description Not before. */
                from?: string | null;
                /** @description One of text, media, service, photo, video, round_video, animation, audio, voice, document, sticker, web_page, poll, contact, geo, geo_live, venue, dice, game, invoice, story, giveaway, giveaway_results, paid_media, todo, video_stream, unsupported. */
                kind?: string | null;
                limit?: number;
                offset?: number;
                /** @description Words; "phrase", or, -not are understood. */
                q: string;
                sender?: number | null;
                /** @description Before. */
                to?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResult"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: string;
                    };
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: string;
                    };
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
