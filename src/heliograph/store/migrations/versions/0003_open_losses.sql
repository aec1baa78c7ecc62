-- A loss that goes on ends at the largest pts. Earlier versions wrote it with the pts at which it began; of a group that
-- was left more than once the newest may go on. One that they left no error with has no record of its last time.
UPDATE known_losses l SET to_pts = 2147483647
WHERE l.loss_id = (SELECT max(n.loss_id) FROM known_losses n WHERE n.space_id = l.space_id AND n.reason = l.reason)
  AND (l.reason LIKE 'session\_ended:%' OR l.reason LIKE 'left:%' AND EXISTS (
      SELECT FROM chats c
      JOIN accounts w ON w.user_id = -c.space_id
      JOIN chat_access a ON a.account_id = w.account_id AND a.peer_id = c.chat_id
      WHERE c.space_id = l.space_id AND 'left:' || c.chat_id = l.reason
        AND c.status = 'inactive' AND c.last_error IS NOT NULL AND a.role IN ('left', 'banned')
  ));

-- prevents counting one absence from a group twice
CREATE UNIQUE INDEX known_losses_open ON known_losses (space_id, reason) WHERE to_pts = 2147483647;
