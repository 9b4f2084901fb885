-- What changed in the directory, in the order it changed, so that nobody has to read all of it again.

-- The directory's version when the office, or a certificate of its, last changed.
ALTER TABLE office ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
UPDATE office SET changed = (SELECT value FROM counter WHERE name = 'directory') + rowid;
UPDATE counter SET value = value + (SELECT coalesce(max(rowid), 0) FROM office) WHERE name = 'directory';
CREATE INDEX office_changed ON office (changed);

-- Which directory it is: by chance, and another one after a restore.
INSERT INTO counter (name, value) VALUES ('line', abs(random() % 4503599627370496));

-- Whichever program changes it.
CREATE TRIGGER office_comes AFTER INSERT ON office BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory';
    UPDATE office SET changed = (SELECT value FROM counter WHERE name = 'directory') WHERE number = NEW.number;
END;
CREATE TRIGGER office_changes AFTER UPDATE OF service, name, revoked_at ON office BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory';
    UPDATE office SET changed = (SELECT value FROM counter WHERE name = 'directory') WHERE number = NEW.number;
END;
CREATE TRIGGER certificate_comes AFTER INSERT ON certificate BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory';
    UPDATE office SET changed = (SELECT value FROM counter WHERE name = 'directory') WHERE number = NEW.office;
END;
CREATE TRIGGER certificate_changes AFTER UPDATE OF office, revoked_at ON certificate BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory';
    UPDATE office SET changed = (SELECT value FROM counter WHERE name = 'directory') WHERE number = NEW.office;
END;
CREATE TRIGGER certificate_goes AFTER DELETE ON certificate BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'directory';
    UPDATE office SET changed = (SELECT value FROM counter WHERE name = 'directory') WHERE number = OLD.office;
END;
