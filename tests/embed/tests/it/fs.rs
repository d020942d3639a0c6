//! Files inside foreign runtimes.

use std::io::{ErrorKind, SeekFrom};

use corio_embed_tests::Host;
use corio_fs::File;

use crate::folder::Folder;

in_every_host! {
    a_file_is_written_and_read,
    files_in_many_tasks,
    an_error_names_the_file,
}

fn a_file_is_written_and_read<H: Host>() {
    let folder = Folder::new::<H>("file");
    let path = folder.join("log");
    H::block_on(async {
        let file = File::create(&path).await.unwrap();
        for n in 0..100 {
            file.write_all(format!("line {n}\n").as_bytes()).await.unwrap();
        }
        file.close().await.unwrap();

        let file = File::open(&path).await.unwrap();
        file.seek(SeekFrom::Start(7)).await.unwrap();
        let mut line = [0; 6];
        file.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"line 1");
        let text = corio_fs::read_to_string(&path).await.unwrap();
        assert_eq!(text.lines().count(), 100);
    });
}

fn files_in_many_tasks<H: Host>() {
    let folder = Folder::new::<H>("files");
    H::block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let path = folder.join(n.to_string());
                H::spawn(async move {
                    corio_fs::write(&path, vec![n; 1000]).await?;
                    corio_fs::read(&path).await
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), [n as u8; 1000]);
        }
        let mut names = corio_fs::read_dir(&*folder).await.unwrap();
        let mut count = 0;
        while let Some(entry) = names.next_entry().await.unwrap() {
            assert!(entry.path().starts_with(&*folder));
            count += 1;
        }
        assert_eq!(count, 20);
    });
}

fn an_error_names_the_file<H: Host>() {
    let folder = Folder::new::<H>("error");
    H::block_on(async {
        let error = File::open(folder.join("absent")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("absent"), "{error}");
    });
}
