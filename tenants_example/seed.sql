-- What a customer's database might hold at revision 27c6a30d7c24.
INSERT INTO account (id, name) VALUES (1, 'Example');
INSERT INTO app_user (id, account_id, email) VALUES (1, 1, 'ada@example.com'), (2, 1, 'joan@example.com');
INSERT INTO project (id, account_id, title) VALUES (1, 1, 'Website'), (2, 1, 'Launch');
INSERT INTO task (id, project_id, title)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
SELECT i, 1 + i % 2, CASE WHEN i % 10 = 0 THEN 'urgent: ' ELSE '' END || 'task ' || i FROM n;
