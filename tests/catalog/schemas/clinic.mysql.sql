CREATE SEQUENCE invoice_numbers START WITH 1000;
CREATE TABLE doctor (
    id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name varchar(100) NOT NULL,
    email varchar(200),
    speciality enum('heart', 'skin', 'bones') NOT NULL DEFAULT 'skin',
    is_active boolean NOT NULL DEFAULT true,
    UNIQUE KEY by_email (email)
) COMMENT = 'Who works here';
CREATE TABLE patient (
    id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name varchar(100) NOT NULL,
    born date,
    doctor_id bigint unsigned,
    notes json,
    letters text COLLATE utf8mb4_bin COMMENT 'All of them',
    changed timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp,
    KEY by_name (name(20), born),
    FULLTEXT KEY by_letters (letters),
    CONSTRAINT patient_doctor FOREIGN KEY (doctor_id) REFERENCES doctor (id) ON DELETE SET NULL,
    CONSTRAINT has_name CHECK (name <> '')
);
CREATE TABLE visit (
    id bigint unsigned NOT NULL AUTO_INCREMENT,
    patient_id bigint unsigned NOT NULL,
    doctor_id bigint unsigned NOT NULL,
    at datetime(3) NOT NULL,
    until datetime(3),
    price decimal(10, 2),
    tax decimal(10, 2) AS (price * 0.19) STORED,
    day date AS (CAST(at AS date)) VIRTUAL,
    PRIMARY KEY (id),
    KEY by_day (day),
    UNIQUE KEY once (doctor_id, at),
    CONSTRAINT visit_patient FOREIGN KEY (patient_id) REFERENCES patient (id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT visit_doctor FOREIGN KEY (doctor_id) REFERENCES doctor (id),
    CONSTRAINT in_order CHECK (until IS NULL OR until > at)
);
CREATE TABLE log (at datetime NOT NULL, what varchar(200)) PARTITION BY RANGE COLUMNS (at) (PARTITION old VALUES LESS THAN ('2026-01-01'), PARTITION new VALUES LESS THAN (MAXVALUE));
CREATE TABLE setting (name varchar(50) PRIMARY KEY, value text) WITH SYSTEM VERSIONING;
CREATE VIEW planned AS SELECT v.id, p.name, v.at FROM visit v JOIN patient p ON p.id = v.patient_id WHERE v.until IS NULL;
CREATE VIEW planned_late AS SELECT id, name FROM planned WHERE hour(at) > 18;
CREATE FUNCTION age_of(born date) RETURNS int DETERMINISTIC RETURN timestampdiff(year, born, curdate());
CREATE PROCEDURE clean() MODIFIES SQL DATA DELETE FROM log WHERE at < now() - INTERVAL 1 YEAR;
CREATE TRIGGER visit_log AFTER INSERT ON visit FOR EACH ROW INSERT INTO log VALUES (now(), 'visit');
CREATE TRIGGER visit_price BEFORE INSERT ON visit FOR EACH ROW SET NEW.price = coalesce(NEW.price, 50);
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DISABLE DO CALL clean();
