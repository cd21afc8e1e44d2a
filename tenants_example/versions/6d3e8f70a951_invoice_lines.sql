-- Invoice lines
--
-- Revision ID: 6d3e8f70a951
-- Revises: 4f1b9d2ce870
-- Create Date: 2026-06-09 10:31:00+00:00

-- migrate:up
CREATE TABLE invoice_line (
    id INTEGER PRIMARY KEY,
    invoice_id INTEGER NOT NULL REFERENCES invoice (id),
    text VARCHAR(500) NOT NULL,
    amount_cents INTEGER NOT NULL
);
-- What stood as one sum becomes one line.
INSERT INTO invoice_line (id, invoice_id, text, amount_cents)
SELECT id, id, 'Carried over', total_cents FROM invoice;

-- migrate:down
DROP TABLE invoice_line;
