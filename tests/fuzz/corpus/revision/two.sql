-- Revision ID: bbbb
-- Revises: aaaa1111
-- Depends On: x
-- migrate:up
CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;
SELECT 1 /* ; */;
