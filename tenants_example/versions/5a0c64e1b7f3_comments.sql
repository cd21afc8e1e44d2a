-- Comments on tasks
--
-- Revision ID: 5a0c64e1b7f3
-- Revises: 27c6a30d7c24
-- Create Date: 2026-05-27 15:22:00+00:00

-- migrate:up
CREATE TABLE task_comment (
    id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES task (id),
    author_id INTEGER NOT NULL REFERENCES app_user (id),
    body TEXT NOT NULL
);

-- migrate:down
DROP TABLE task_comment;
