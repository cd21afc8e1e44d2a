-- Accounts and users
--
-- Revision ID: 1975ea83b712
-- Revises:
-- Create Date: 2026-03-02 09:14:00+00:00

-- migrate:up
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE app_user (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    email VARCHAR(320) NOT NULL,
    full_name VARCHAR(200)
);

-- migrate:down
DROP TABLE app_user;
DROP TABLE account;
