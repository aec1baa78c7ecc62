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
    "/api/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Dead Letters
         * @description Return dead letters, newest first; without ``all`` those that are open.
         */
        get: operations["list_dead_letters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/{letter_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Dead Letter
         * @description Return one dead letter, without its bytes.
         */
        get: operations["get_dead_letter"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discard Dead Letters
         * @description Close open letters without a row; their bytes stay.
         */
        post: operations["discard_dead_letters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/reopen": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reopen Dead Letters
         * @description Open letters again that were discarded.
         */
        post: operations["reopen_dead_letters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replay Dead Letters
         * @description Ask the crawler to make rows of letters; 409 when none is running. Its end is at ``replays/{replay_id}``.
         */
        post: operations["replay_dead_letters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dead-letters/replays/{replay_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Replay
         * @description Return how a replay stands, and once it is done, what became of each letter.
         */
        get: operations["get_replay"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Exports
         * @description Return exports, newest first.
         */
        get: operations["list_exports"];
        put?: never;
        /**
         * Create Export
         * @description Put an export into the queue. Its progress and its end are at ``Location``.
         */
        post: operations["create_export"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/exports/{export_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Export
         * @description Return one export as it stands.
         */
        get: operations["get_export"];
        put?: never;
        post?: never;
        /**
         * Remove Export
         * @description Cancel an export that is not over, or forget one that is, and delete its file.
         */
        delete: operations["remove_export"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/exports/{export_id}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Export
         * @description Return the archive of an export that is done; ``Range`` fetches a part of it. 409 until then.
         */
        get: operations["download_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gaps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Gaps
         * @description Return gaps, the one that was noticed last first.
         */
        get: operations["list_gaps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/integrity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Integrity
         * @description Return ids by class, open holes and known losses of all chats.
         */
        get: operations["get_integrity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/integrity/{chat_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Chat Integrity
         * @description Return the same of one chat.
         */
        get: operations["get_chat_integrity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/integrity/{chat_id}/holes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Holes
         * @description Return a page of a chat's open holes.
         */
        get: operations["list_holes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/media/{sha256}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Media
         * @description Return a stored file; `Range` asks for a part of it.
         */
        get: operations["get_media"];
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
    "/api/senders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Senders
         * @description Return those whose name holds the words, best first.
         */
        get: operations["list_senders"];
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
         * AccountLimit
         * @description Telegram has limited the account itself, which no waiting ends; noticed within the last day.
         */
        AccountLimit: {
            /** Error */
            error: string;
            /**
             * Noticed At
             * Format: date-time
             */
            noticed_at: string;
        };
        /**
         * AccountStatus
         * @description An account that mirrors.
         */
        AccountStatus: {
            /** Account Id */
            account_id: number;
            /**
             * Budgets
             * @default []
             */
            budgets: components["schemas"]["BudgetStatus"][];
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
            limited?: components["schemas"]["AccountLimit"] | null;
            /** State */
            state: string;
            /** User Id */
            user_id: number;
        };
        /**
         * Audit
         * @description How looking again at messages of one age goes; seconds are of a whole round.
         */
        Audit: {
            /** Checked */
            checked: number;
            /** Completed At */
            completed_at: string | null;
            /** Deletions Found */
            deletions_found: number;
            /** Edits Found */
            edits_found: number;
            /** Is Late */
            is_late: boolean;
            /** Name */
            name: string;
            /** Period Seconds */
            period_seconds: number | null;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Target Seconds */
            target_seconds: number | null;
            /** Tier */
            tier: number;
        };
        /**
         * BudgetStatus
         * @description How fast an account may use one family of Telegram's methods, in requests per second.
         */
        BudgetStatus: {
            /** Configured Per Second */
            configured_per_second: number;
            /** Family */
            family: string;
            /** Flooded At */
            flooded_at?: string | null;
            /** Frozen Until */
            frozen_until?: string | null;
            /** Learned At */
            learned_at?: string | null;
            /** May Rise */
            may_rise: boolean;
            /** Per Second */
            per_second: number;
        };
        /**
         * Chat
         * @description A mirrored chat.
         */
        Chat: {
            /** Chat Id */
            chat_id: number;
            /** Is Import */
            is_import: boolean;
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
         * ChatIntegrity
         * @description How complete one chat is.
         */
        ChatIntegrity: {
            /** Audits */
            audits: components["schemas"]["Audit"][];
            /** Chat Id */
            chat_id: number;
            /** Coverage */
            coverage: number | null;
            /** Digest */
            digest: string | null;
            /** Hole Count */
            hole_count: number;
            /** Holes */
            holes: components["schemas"]["Hole"][];
            ids: components["schemas"]["IdClasses"];
            /** Is Complete */
            is_complete: boolean;
            /** Is On Ledger */
            is_on_ledger: boolean;
            /** Is Shared */
            is_shared: boolean;
            /**
             * Kind
             * @enum {string}
             */
            kind: "channel" | "supergroup" | "forum" | "group" | "private";
            /** Rechecked */
            rechecked: number;
            /**
             * Status
             * @enum {string}
             */
            status: "active" | "inactive" | "error" | "initializing";
            /** Suspects */
            suspects: number;
            /** Title */
            title: string;
            /** Top Id */
            top_id: number;
            /** Username */
            username: string | null;
            /** Warnings */
            warnings: string[];
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
         * DeadLetter
         * @description Something that arrived and could not become a row.
         */
        DeadLetter: {
            /** Account */
            account: string | null;
            /** Account Id */
            account_id: number | null;
            /** As Of */
            as_of: number | null;
            /** Attempts */
            attempts: number;
            /** Chat Id */
            chat_id: number | null;
            /** Chat Title */
            chat_title: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Error */
            error: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "message" | "update" | "record";
            /** Layer */
            layer: number;
            /** Letter Id */
            letter_id: number;
            /** Message Id */
            message_id: number | null;
            /** Received At */
            received_at: string | null;
            /** Resolution */
            resolution: ("replayed" | "discarded") | null;
            /** Resolved At */
            resolved_at: string | null;
            /** Size */
            size: number;
            /** Space Id */
            space_id: number | null;
        };
        /**
         * DeadLetterPage
         * @description Letters, newest first.
         */
        DeadLetterPage: {
            /** Before */
            before: number | null;
            /** Letters */
            letters: components["schemas"]["DeadLetter"][];
            /** Open */
            open: number;
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
         * Export
         * @description An export, made in the background. Ask for it again until it is done, failed or cancelled.
         */
        Export: {
            /** Bytes */
            bytes: number | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Done */
            done: number;
            /** Error */
            error: string | null;
            /** Expires At */
            expires_at: string | null;
            /** Export Id */
            export_id: number;
            /** File Name */
            file_name: string | null;
            /** Finished At */
            finished_at: string | null;
            request: components["schemas"]["ExportRequest"];
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "done" | "failed" | "cancelled";
            /** Total */
            total: number | null;
        };
        /**
         * ExportFilter
         * @description Which messages are wanted; null wants all of them.
         */
        ExportFilter: {
            /** Is Deleted */
            is_deleted?: boolean | null;
            /** Is Edited */
            is_edited?: boolean | null;
            /** Kind */
            kind?: string | null;
            /** Sender Id */
            sender_id?: number | null;
            /** Since */
            since?: string | null;
            /** Topic Id */
            topic_id?: number | null;
            /** Until */
            until?: string | null;
            /** Words */
            words?: string | null;
        };
        /**
         * ExportPage
         * @description Exports, newest first.
         */
        ExportPage: {
            /** Before */
            before: number | null;
            /** Exports */
            exports: components["schemas"]["Export"][];
            /** Is Worker Running */
            is_worker_running: boolean;
        };
        /**
         * ExportRemoval
         * @description What became of an export that is not wanted any more.
         */
        ExportRemoval: {
            /**
             * Outcome
             * @enum {string}
             */
            outcome: "cancelled" | "removed";
        };
        /**
         * ExportRequest
         * @description What to export.
         */
        ExportRequest: {
            /** Chat Ids */
            chat_ids?: number[] | null;
            /** @default {} */
            filter: components["schemas"]["ExportFilter"];
            /**
             * Format
             * @enum {string}
             */
            format: "jsonl" | "csv" | "parquet" | "telegram" | "html";
            /**
             * With Bom
             * @default false
             */
            with_bom: boolean;
            /**
             * With Media
             * @default true
             */
            with_media: boolean;
            /**
             * With Observations
             * @default false
             */
            with_observations: boolean;
            /**
             * With Revisions
             * @default false
             */
            with_revisions: boolean;
        };
        /**
         * Gap
         * @description A stretch that was not followed as it happened.
         */
        Gap: {
            /** Cause */
            cause: string;
            /** Chat Id */
            chat_id: number | null;
            /** Closed At */
            closed_at: string | null;
            /** Closed By */
            closed_by: ("difference" | "probe" | "backfill") | null;
            /** Duration Seconds */
            duration_seconds: number | null;
            /** Events */
            events: number;
            /** Explanation */
            explanation: string;
            /** From Pts */
            from_pts: number;
            /** Gap Id */
            gap_id: number;
            /**
             * Noticed At
             * Format: date-time
             */
            noticed_at: string;
            /** Title */
            title: string;
            /** To Pts */
            to_pts: number;
        };
        /**
         * GapPage
         * @description Gaps, the one that was noticed last first.
         */
        GapPage: {
            /** After */
            after: string | null;
            /** Gaps */
            gaps: components["schemas"]["Gap"][];
        };
        /**
         * Hole
         * @description Ids that are owed, both ends included; no ``last_id`` while the end is not known.
         */
        Hole: {
            /** First Id */
            first_id: number;
            /** Last Id */
            last_id: number | null;
        };
        /**
         * HolePage
         * @description Open holes in the order of their ids.
         */
        HolePage: {
            /** After */
            after: number | null;
            /** Holes */
            holes: components["schemas"]["Hole"][];
        };
        /**
         * IdClasses
         * @description Ids by class, each in exactly one. None where a chat shares its ids with others, so that nobody can tell.
         */
        IdClasses: {
            /** Dead Letter */
            dead_letter: number;
            /** Deleted */
            deleted: number;
            /** Empty */
            empty: number | null;
            /** Open */
            open: number;
            /** Outside */
            outside: number | null;
            /** Stored */
            stored: number;
            /** Unaccounted */
            unaccounted: number | null;
            /** Unreachable */
            unreachable: number;
        };
        /**
         * Integrity
         * @description How complete the archive is, all of one moment.
         */
        Integrity: {
            /** Chats */
            chats: components["schemas"]["ChatIntegrity"][];
            /**
             * Checked At
             * Format: date-time
             */
            checked_at: string;
            /** Digest */
            digest: string | null;
            /** Followed Until */
            followed_until: string | null;
            /** Is Complete */
            is_complete: boolean;
            /** Losses */
            losses: components["schemas"]["Loss"][];
            totals: components["schemas"]["IntegrityTotals"];
            /** Warnings */
            warnings: string[];
        };
        /**
         * IntegrityTotals
         * @description All chats together. Ids that chats share with others count for none of them.
         */
        IntegrityTotals: {
            /** Chats */
            chats: number;
            /** Coverage */
            coverage: number | null;
            /** Hole Count */
            hole_count: number;
            ids: components["schemas"]["IdClasses"];
            /** Late Audits */
            late_audits: number;
            /** Rechecked */
            rechecked: number;
            /** Suspects */
            suspects: number;
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
         * LetterChange
         * @description What became of the letters that were named.
         */
        LetterChange: {
            /** Changed */
            changed: number[];
            /** Left */
            left: number[];
        };
        /**
         * LetterReplay
         * @description How the replay of one letter ended.
         */
        LetterReplay: {
            /** Letter Id */
            letter_id: number;
            /**
             * Outcome
             * @enum {string}
             */
            outcome: "replayed" | "open" | "gone";
            /** Reason */
            reason: string | null;
        };
        /**
         * LetterSelection
         * @description Which letters to change.
         */
        LetterSelection: {
            /** Letter Ids */
            letter_ids: number[];
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
        /**
         * LiveDelayed
         * @description What is shown is late since a moment; nothing is lost by that. Sent once, and first to whoever comes meanwhile.
         *
         *     ``database``: it does not answer. ``crawler``: the crawler has not been heard of. ``catching_up``: what was kept
         *     during an outage is being written.
         */
        LiveDelayed: {
            /**
             * Reason
             * @enum {string}
             */
            reason: "database" | "crawler" | "catching_up";
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "delayed";
        };
        LiveEvent: components["schemas"]["LiveHello"] | components["schemas"]["LiveMessage"] | components["schemas"]["LiveRange"] | components["schemas"]["LiveChat"] | components["schemas"]["LiveResync"] | components["schemas"]["LiveDelayed"] | components["schemas"]["LiveOnTime"];
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
         * LiveOnTime
         * @description What is shown is as new as Telegram's again.
         */
        LiveOnTime: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "on_time";
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
         * Loss
         * @description What cannot be recovered any more, with the counters and moments that it lies between.
         */
        Loss: {
            /** Chat Id */
            chat_id: number | null;
            /** Explanation */
            explanation: string;
            /** From Pts */
            from_pts: number;
            /** Is Open */
            is_open: boolean;
            /** Loss Id */
            loss_id: number;
            /**
             * Noticed At
             * Format: date-time
             */
            noticed_at: string;
            /** Reason */
            reason: string;
            /** Since */
            since: string | null;
            /** Title */
            title: string;
            /** To Pts */
            to_pts: number | null;
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
            /** Is Imported */
            is_imported: boolean;
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
         * Process
         * @description One crawler, as it last said of itself. ``stalled``: a part of it, or all of it, has stopped moving.
         */
        Process: {
            /**
             * Beat At
             * Format: date-time
             */
            beat_at: string;
            /** Feed Lag Seconds */
            feed_lag_seconds: number;
            /** Holder */
            holder: string;
            /** Loop Lag Seconds */
            loop_lag_seconds: number;
            /** Role */
            role: string;
            /** Spool Off */
            spool_off?: ("switched_off" | "in_use" | "unusable") | null;
            /** Spooled Batches */
            spooled_batches: number;
            /** Spooled Bytes */
            spooled_bytes: number;
            /**
             * State
             * @enum {string}
             */
            state: "running" | "stalled" | "draining";
            /** Writer Lag Seconds */
            writer_lag_seconds: number;
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
         * @description How often one reaction was chosen: an emoji, a star that was paid, else a custom emoji.
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
            /**
             * Is Paid
             * @default false
             */
            is_paid: boolean;
        };
        /**
         * Replay
         * @description A replay that the crawler was asked for. Ask for it again until it is done, failed or expired.
         */
        Replay: {
            /** Error */
            error: string | null;
            /** Letters */
            letters: components["schemas"]["LetterReplay"][];
            /** Replay Id */
            replay_id: number;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "done" | "failed" | "expired";
        };
        /**
         * ReplayRequest
         * @description Which letters to replay.
         */
        ReplayRequest: {
            /** Letter Ids */
            letter_ids?: number[] | null;
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
            /** Is Imported */
            is_imported: boolean;
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
         * SenderList
         * @description Senders, best match first.
         */
        SenderList: {
            /** Senders */
            senders: components["schemas"]["Sender"][];
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
            crawler: "running" | "stalled" | "stopped";
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
            /** Processes */
            processes: components["schemas"]["Process"][];
            /** Revisions */
            revisions: number;
            /** Tombstones */
            tombstones: number;
            /** Version */
            version: string;
            /**
             * Worker
             * @enum {string}
             */
            worker: "running" | "stopped";
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
    list_dead_letters: {
        parameters: {
            query?: {
                /** @description Also those that were replayed or discarded. */
                all?: boolean;
                /** @description The page of numbers below this one. */
                before?: number | null;
                /** @description Only this chat. */
                chat?: number | null;
                limit?: number;
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
                    "application/json": components["schemas"]["DeadLetterPage"];
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
    get_dead_letter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                letter_id: number;
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
                    "application/json": components["schemas"]["DeadLetter"];
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
    discard_dead_letters: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LetterSelection"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LetterChange"];
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
    reopen_dead_letters: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LetterSelection"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LetterChange"];
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
    replay_dead_letters: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
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
            /** @description Conflict */
            409: {
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
    get_replay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                replay_id: number;
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
                    "application/json": components["schemas"]["Replay"];
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
    list_exports: {
        parameters: {
            query?: {
                /** @description The page of numbers below this one. */
                before?: number | null;
                limit?: number;
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
                    "application/json": components["schemas"]["ExportPage"];
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
    create_export: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExportRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Export"];
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
    get_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: number;
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
                    "application/json": components["schemas"]["Export"];
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
    remove_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: number;
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
                    "application/json": components["schemas"]["ExportRemoval"];
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
    download_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": unknown;
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
            /** @description Conflict */
            409: {
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
    list_gaps: {
        parameters: {
            query?: {
                /** @description The page of earlier ones. */
                after?: string | null;
                chat?: number | null;
                limit?: number;
                /** @description Only those that have not closed yet. */
                open?: boolean;
                /** @description Only those that were noticed then or later. */
                since?: string | null;
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
                    "application/json": components["schemas"]["GapPage"];
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
    get_integrity: {
        parameters: {
            query?: {
                /** @description With digests, which reads all content: seconds per million messages. */
                digest?: boolean;
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
                    "application/json": components["schemas"]["Integrity"];
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
    get_chat_integrity: {
        parameters: {
            query?: {
                /** @description With digests, which reads all content: seconds per million messages. */
                digest?: boolean;
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
                    "application/json": components["schemas"]["Integrity"];
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
    list_holes: {
        parameters: {
            query?: {
                /** @description Holes that begin above this id. */
                after?: number;
                limit?: number;
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
                    "application/json": components["schemas"]["HolePage"];
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
    get_media: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sha256: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description A part of it */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
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
    list_senders: {
        parameters: {
            query?: {
                limit?: number;
                /** @description A part of a name or username, or an id. */
                q?: string;
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
                    "application/json": components["schemas"]["SenderList"];
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
