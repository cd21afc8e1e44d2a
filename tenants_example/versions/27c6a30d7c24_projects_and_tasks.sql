-- Projects and tasks
--
-- Revision ID: 27c6a30d7c24
-- Revises: 1975ea83b712
-- Create Date: 2026-04-13 11:40:00+00:00

-- migrate:up
CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    title VARCHAR(200) NOT NULL
);
CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    title VARCHAR(500) NOT NULL,
    state VARCHAR(20) NOT NULL DEFAULT 'open'
);
CREATE INDEX ix_task_project ON task (project_id);

-- migrate:down
DROP TABLE task;
DROP TABLE project;
