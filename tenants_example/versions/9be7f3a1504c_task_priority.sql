-- Tasks have a priority
--
-- Revision ID: 9be7f3a1504c
-- Revises: 83241ca0f125
-- Create Date: 2026-09-15 13:45:00+00:00

-- migrate:up
ALTER TABLE task ADD COLUMN priority INTEGER NOT NULL DEFAULT 3;
UPDATE task SET priority = 1 WHERE title LIKE '%urgent%';

-- migrate:down
ALTER TABLE task DROP COLUMN priority;
