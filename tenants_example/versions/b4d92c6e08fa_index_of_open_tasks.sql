-- Open tasks by priority, found fast
--
-- Revision ID: b4d92c6e08fa
-- Revises: 9be7f3a1504c
-- Create Date: 2026-11-03 16:10:00+00:00

-- migrate:up
CREATE INDEX ix_task_open ON task (priority) WHERE state = 'open';

-- MariaDB and MySQL know no index of a part of a table.
-- migrate:up dialect:mysql
CREATE INDEX ix_task_open ON task (state, priority);

-- PostgreSQL can do it without stopping the traffic, though not inside a transaction.
-- migrate:up dialect:postgresql transaction:false
CREATE INDEX CONCURRENTLY ix_task_open ON task (priority) WHERE state = 'open';

-- migrate:down
DROP INDEX ix_task_open;

-- migrate:down dialect:mysql
DROP INDEX ix_task_open ON task;
