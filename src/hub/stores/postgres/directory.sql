-- What changed in the directory, in the order it changed, so that nobody has to read all of it again. An older program
-- goes on beside it: the triggers note what it changes, too.

-- The directory's version when the office, or a certificate of its, last changed.
ALTER TABLE office ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
WITH numbered AS (SELECT number, row_number() OVER (ORDER BY number) AS place FROM office)
    UPDATE office SET changed = (SELECT value FROM counter WHERE name = 'directory') + numbered.place
    FROM numbered WHERE numbered.number = office.number;
UPDATE counter SET value = value + (SELECT count(*) FROM office) WHERE name = 'directory';
CREATE INDEX office_changed ON office (changed);

-- Which directory it is: by chance, and another one after a restore.
INSERT INTO counter (name, value) VALUES ('line', CAST(floor(random() * 4503599627370496) AS BIGINT));

CREATE FUNCTION directory_moves_on(moved TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    version BIGINT;
BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory' RETURNING value INTO version;
    UPDATE office SET changed = version WHERE number = moved;
END $$;
CREATE FUNCTION office_moves_on() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM directory_moves_on(NEW.number);
    RETURN NULL;
END $$;
CREATE FUNCTION certificate_moves_on() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM directory_moves_on(OLD.office);
    ELSE
        PERFORM directory_moves_on(NEW.office);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER office_comes AFTER INSERT ON office FOR EACH ROW EXECUTE FUNCTION office_moves_on();
CREATE TRIGGER office_changes AFTER UPDATE OF service, name, revoked_at ON office
    FOR EACH ROW EXECUTE FUNCTION office_moves_on();
CREATE TRIGGER certificate_comes AFTER INSERT OR DELETE ON certificate
    FOR EACH ROW EXECUTE FUNCTION certificate_moves_on();
CREATE TRIGGER certificate_changes AFTER UPDATE OF office, revoked_at ON certificate
    FOR EACH ROW EXECUTE FUNCTION certificate_moves_on();
