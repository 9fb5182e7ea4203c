import GRDB

/// The tables, as migrations: each runs once, in order, and is never edited after a release.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 accounts and links") { database in
            try database.execute(
                sql: """
                    CREATE TABLE user (
                        id TEXT PRIMARY KEY NOT NULL,
                        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
                        createdAt INTEGER NOT NULL
                    );
                    -- One-time tokens for sign-up. usedBy, usedAt: the device that came with it, and when.
                    CREATE TABLE oneTimeToken (
                        hash BLOB PRIMARY KEY NOT NULL,
                        userID TEXT NOT NULL REFERENCES user(id) ON DELETE CASCADE,
                        createdAt INTEGER NOT NULL,
                        expiresAt INTEGER NOT NULL,
                        usedBy TEXT,
                        usedAt INTEGER
                    );
                    CREATE INDEX oneTimeTokenOfUser ON oneTimeToken(userID);
                    CREATE TABLE device (
                        id TEXT PRIMARY KEY NOT NULL,
                        userID TEXT NOT NULL REFERENCES user(id) ON DELETE CASCADE,
                        kind TEXT NOT NULL,
                        registeredAt INTEGER NOT NULL,
                        online INTEGER NOT NULL DEFAULT 0,
                        lastSeen INTEGER
                    );
                    CREATE INDEX deviceOfUser ON device(userID);
                    -- Access and refresh tokens come in pairs. AUTOINCREMENT: ids only rise, and a higher id is a later
                    -- pair; using one deletes the earlier.
                    CREATE TABLE tokenPair (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        deviceID TEXT NOT NULL REFERENCES device(id) ON DELETE CASCADE,
                        accessHash BLOB NOT NULL UNIQUE,
                        refreshHash BLOB NOT NULL UNIQUE,
                        accessExpiresAt INTEGER,
                        used INTEGER NOT NULL DEFAULT 0
                    );
                    CREATE INDEX tokenPairOfDevice ON tokenPair(deviceID);
                    -- body: the link as published, CBOR, without href, ins, anchor and eps, which the cloud sets.
                    CREATE TABLE link (
                        deviceID TEXT NOT NULL REFERENCES device(id) ON DELETE CASCADE,
                        href TEXT NOT NULL,
                        ins INTEGER NOT NULL UNIQUE,
                        ttl INTEGER NOT NULL,
                        body BLOB NOT NULL,
                        PRIMARY KEY (deviceID, href)
                    );
                    -- Numbers that only rise, so that what they named never comes back as something else.
                    CREATE TABLE counter (name TEXT PRIMARY KEY NOT NULL, next INTEGER NOT NULL);
                    INSERT INTO counter VALUES ('ins', 1);
                    """)
        }
        migrator.registerMigration("2 tokens for named devices") { database in
            try database.execute(
                sql: """
                    -- The device that alone may use the token; none for a token of any.
                    ALTER TABLE oneTimeToken ADD COLUMN deviceID TEXT;
                    """)
        }
        return migrator
    }
}
