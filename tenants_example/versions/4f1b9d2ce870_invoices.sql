-- Invoices
--
-- Revision ID: 4f1b9d2ce870
-- Revises: 27c6a30d7c24
-- Branch Labels: billing
-- Create Date: 2026-05-20 08:05:00+00:00

-- migrate:up
CREATE TABLE invoice (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    issued_on DATE NOT NULL,
    total_cents INTEGER NOT NULL
);

-- migrate:down
DROP TABLE invoice;
