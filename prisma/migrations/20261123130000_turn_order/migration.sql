-- The turns of a session in their order, also where many have one time: a page or a neighbour is found in the index alone.
DROP INDEX "memories_user_session_idx";
CREATE INDEX "memories_user_session_idx" ON "memories"("user_id", "session_id", "created_at", "id");
