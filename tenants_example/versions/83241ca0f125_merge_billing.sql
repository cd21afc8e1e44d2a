-- Billing joins the main line
--
-- Revision ID: 83241ca0f125
-- Revises: 5a0c64e1b7f3, 6d3e8f70a951
-- Create Date: 2026-07-01 09:00:00+00:00

-- migrate:up

-- migrate:down
