-- First
--
-- Revision ID: aaaa1111
-- Revises:
-- Branch Labels: x

-- migrate:up
CREATE TABLE a (id int);
-- migrate:up dialect:postgresql transaction:false
CREATE INDEX CONCURRENTLY i ON a (id);
DO $$ BEGIN END $$;
-- migrate:down
DROP TABLE a;
